//! The description of the API, and the page that shows it.

use serde_json::Value;

use crate::support::{Stack, TestApp};

async fn document(app: &TestApp) -> Value {
    app.get("/api-docs/openapi.json").await.json()
}

#[tokio::test]
async fn every_described_call_is_served() {
    let app = Stack::embedded().app_with(&[("ADMIN_TOKEN", "a-token-of-16-characters")]).await;
    let document = document(&app).await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 5, "{paths:?}");
    for (path, item) in paths {
        for method in item.as_object().unwrap().keys().filter(|name| *name != "parameters") {
            let path = path.replace(['{', '}'], "");
            let reply = app.send(&method.to_uppercase(), &path).await;
            assert_ne!(reply.status, 405, "{method} {path}: {reply:?}");
            assert!(!reply.text.contains("route_not_found"), "{method} {path}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let app = Stack::embedded().app().await;
    let document = document(&app).await;
    let text = document.to_string();
    let references: Vec<_> = text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next()).collect();
    assert!(references.len() > 20, "{references:?}");
    for reference in references.into_iter().flatten() {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_page_contacts_no_other_server() {
    let app = Stack::embedded().app().await;
    let page = app.get("/docs/").await;
    assert_eq!(page.status, 200);
    let sources: Vec<_> = page.text.split(&['"', '\''][..]).filter(|text| text.contains("//")).collect();
    assert!(sources.is_empty(), "{sources:?}");
    let start = app.get("/docs/swagger-initializer.js").await;
    assert!(start.text.contains("/api-docs/openapi.json"), "{}", start.text);
    assert!(
        start.text.contains("\"validatorUrl\": \"none\""),
        "the page would contact a validator: {}",
        start.text
    );
}
