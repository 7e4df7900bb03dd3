//! The admin page, as a browser shows it.

use std::sync::Arc;
use std::time::Duration;

use fantoccini::Locator;
use jollycache::{Key, Policy};
use jollycache_tests::Browser;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{Stack, TestApp, request_with};

const TOKEN: &str = "a-token-for-tests-0123456789";
/// How long the page may take for anything, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Markup that runs a script wherever it is taken for markup.
const HOSTILE: &str = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";

/// The page in a browser, and the service behind it.
struct Page {
    browser: Browser,
    app: Arc<TestApp>,
}

impl Page {
    async fn start() -> Option<Page> {
        Some(Page::open(Browser::start(1280, 900).await?).await)
    }

    async fn open(browser: Browser) -> Page {
        let app = Stack::embedded().app_with(&[("ADMIN_TOKEN", TOKEN)]).await;
        let page = Page { browser, app: Arc::new(app) };
        page.browser.goto(&format!("http://{}/cache", page.app.address)).await.unwrap();
        page
    }

    async fn logged_in(self) -> Page {
        self.log_in(TOKEN).await;
        self.until("return document.getElementById('status').dataset.state === 'live'").await;
        self
    }

    async fn log_in(&self, token: &str) {
        self.fill("token", token).await;
        self.click("#login button").await;
    }

    async fn js(&self, script: &str) -> Value {
        self.browser.execute(script, vec![]).await.unwrap()
    }

    /// Waits until a script returns true. The page sends no event on a change, so this polls.
    async fn until(&self, script: &str) {
        let asking = async {
            let mut pulse = tokio::time::interval(Duration::from_millis(20));
            while self.js(script).await != json!(true) {
                pulse.tick().await;
            }
        };
        let soon = tokio::time::timeout(PATIENCE, asking).await;
        assert!(soon.is_ok(), "not so: {script}\n{}", self.js("return document.body.innerText").await);
    }

    async fn click(&self, selector: &str) {
        let element = self.browser.wait().at_most(PATIENCE).for_element(Locator::Css(selector)).await;
        element.unwrap_or_else(|error| panic!("{selector}: {error}")).click().await.unwrap();
    }

    async fn fill(&self, id: &str, text: &str) {
        let element = self.browser.find(Locator::Id(id)).await.unwrap();
        element.clear().await.unwrap();
        element.send_keys(text).await.unwrap();
    }

    async fn text(&self, id: &str) -> String {
        self.browser.find(Locator::Id(id)).await.unwrap().text().await.unwrap()
    }

    /// Opens the key browser, and searches.
    async fn search(&self, pattern: &str) {
        self.click("#tab-keys").await;
        self.fill("pattern", pattern).await;
        self.click("#search button.primary").await;
    }

    /// Checks that no injected script ran, and no other server was contacted.
    async fn is_clean(&self) {
        assert_eq!(self.js("return window.hacked ?? null").await, Value::Null);
        let origin = format!("http://{}/", self.app.address);
        let requested =
            self.js("return performance.getEntriesByType('resource').map((entry) => entry.name)").await;
        let requested: Vec<_> =
            requested.as_array().unwrap().iter().map(|url| url.as_str().unwrap()).collect();
        assert!(requested.len() > 5 && requested.iter().all(|url| url.starts_with(&origin)), "{requested:?}");
        assert!(requested.iter().all(|url| !url.contains(TOKEN)), "a token in a URL");
    }
}

/// Reads until it is aborted.
fn load(app: &Arc<TestApp>) -> JoinHandle<()> {
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            app.get("/api/products?limit=5").await;
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_logs_in_and_sees_the_numbers_move() {
    let Some(page) = Page::start().await else { return };
    page.until("return document.activeElement.id === 'token'").await;
    page.log_in("a-wrong-token-0123456789").await;
    page.until("return document.getElementById('login-error').textContent === 'The token is wrong.'").await;
    page.log_in("t\u{f6}ken").await;
    page.until("return document.getElementById('login-error').textContent === 'The token is wrong.'").await;
    assert_eq!(page.js("return sessionStorage.length").await, 0);

    page.log_in(TOKEN).await;
    page.until("return document.getElementById('status').dataset.state === 'live'").await;
    assert_eq!(
        (page.text("namespace").await, page.text("backend").await),
        ("jollyjet:dev".into(), "memory".into())
    );
    let reading = load(&page.app);
    page.until("return parseFloat(document.getElementById('number-ops').textContent) > 0").await;
    page.until("return parseFloat(document.getElementById('number-rate').textContent) > 50").await;
    page.until("return document.querySelectorAll('#regions tbody tr').length >= 3").await;
    page.until("return /product_list/.test(document.querySelector('#regions tbody').textContent)").await;
    reading.abort();

    // Sorted by name, downwards and up; a region in the charts; the values under the keyboard's cursor.
    page.click("#regions [data-column=name] button").await;
    page.until("return document.querySelector('[data-column=name]').ariaSort === 'ascending'").await;
    page.until("return document.querySelector('#regions tbody button').textContent === 'default'").await;
    page.click("#region option[value=product_list]").await;
    page.until("return document.getElementById('region').value === 'product_list'").await;
    page.browser.find(Locator::Css("#chart-ops canvas")).await.unwrap().send_keys("\u{e012}").await.unwrap();
    page.until("return /Hits/.test(document.querySelector('#chart-ops .tip').textContent)").await;

    // An invalidation comes as it happens.
    page.app.cache.evict_tags(["category:Flights"]).await.unwrap();
    page.until("return /category:Flights/.test(document.getElementById('events').textContent)").await;
    page.fill("event-filter", "nothing of the kind").await;
    page.until("return !/category:Flights/.test(document.getElementById('events').textContent)").await;

    page.is_clean().await;
    assert_eq!(page.js("return JSON.stringify(Object.values(localStorage)).includes('token')").await, false);
    assert_eq!(page.js("return document.cookie + location.search + location.hash").await, "");
    page.click("#logout").await;
    page.until("return !document.getElementById('login').hidden && sessionStorage.length === 0").await;
    page.browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_found_evicted_and_gone() {
    let Some(page) = Page::start().await else { return };
    let page = page.logged_in().await;
    page.app.add("Lisbon by night", "Flights").await;
    page.app.get("/api/products?category=Flights").await.data(200);
    let key = page.app.cache.keys("products:list:*", 2).await.unwrap().remove(0);
    let exists = async || page.app.cache.keys("products:list:*", 2).await.unwrap() == [key.clone()];
    for number in 0..150 {
        page.app.cache.set(format!("many:{number}"), &number, Duration::from_secs(5 * 60)).await.unwrap();
    }
    page.search("many:*").await;
    page.until("return document.querySelectorAll('#key-list li').length === 100").await;
    page.click("#more").await;
    page.until("return document.querySelectorAll('#key-list li').length === 150").await;
    assert_eq!(page.text("key-count").await, "150 keys");

    page.search("products:list:*").await;
    page.until("return document.querySelectorAll('#key-list li').length === 1").await;
    page.click(&format!("li[data-key='{key}'] button")).await;
    page.until("return /Lisbon by night/.test(document.querySelector('#detail .value')?.textContent)").await;
    page.until("return /Fresh/.test(document.querySelector('#detail .chips').textContent)").await;

    page.click("#evict-key").await;
    page.click("#dialog-cancel").await;
    page.until("return !document.getElementById('dialog').open").await;
    assert!(exists().await, "an eviction that was cancelled");
    page.click("#evict-key").await;
    page.click("#dialog-confirm").await;
    page.until("return document.querySelectorAll('#key-list li[data-key]').length === 0").await;
    page.until("return /was evicted/.test(document.getElementById('detail').textContent)").await;
    assert!(!exists().await);
    page.search("products:list:*").await;
    page.until("return /No key matches/.test(document.getElementById('key-list').textContent)").await;

    // A tag, by its chip.
    page.app.cache.put("tagged", &1, &Policy::new().tag("t:1")).await.unwrap();
    page.search("tagged").await;
    page.click("li[data-key=tagged] button").await;
    page.click("#detail .chip.tag button").await;
    page.click("#dialog-confirm").await;
    page.until("return /Not served/.test(document.querySelector('#detail .chips').textContent)").await;
    assert_eq!(page.app.cache.get::<i32>("tagged").await.unwrap(), None);

    // All of it, when the namespace is typed.
    page.click("#tab-overview").await;
    page.click("#flush").await;
    assert_eq!(page.js("return document.getElementById('dialog-confirm').disabled").await, true);
    page.fill("dialog-input", "jollyjet:de").await;
    assert_eq!(page.js("return document.getElementById('dialog-confirm').disabled").await, true);
    page.fill("dialog-input", "jollyjet:dev").await;
    page.click("#dialog-confirm").await;
    page.until("return /values were evicted/.test(document.getElementById('toasts').textContent)").await;
    assert_eq!(page.app.cache.get::<i32>("many:1").await.unwrap(), None);
    page.is_clean().await;
    page.browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_keys_values_tags_and_regions_are_text() {
    let Some(page) = Page::start().await else { return };
    let page = page.logged_in().await;
    let key = Key::builder().literal("x:").part(HOSTILE).build();
    let tag = Key::builder().literal("t:").part(HOSTILE).build();
    let policy = Policy::new().region(HOSTILE).tag(&tag);
    let value = json!({ HOSTILE: HOSTILE, "number": 12_345_678_901_234_567_890_u64 });
    page.app.cache.put(&key, &value, &policy).await.unwrap();
    page.app.cache.get::<Value>(&key).await.unwrap();
    page.until("return /onerror/.test(document.querySelector('#regions tbody').textContent)").await;
    page.until(
        "return [...document.getElementById('region').options].some((one) => /onerror/.test(one.value))",
    )
    .await;

    page.search("x:*").await;
    page.click("#key-list li button").await;
    page.until("return /window.hacked=1/.test(document.querySelector('#detail .value')?.textContent)").await;
    let shown = page.js("return document.querySelector('#detail .value').textContent").await;
    assert!(shown.as_str().unwrap().contains("12345678901234567890"), "every digit: {shown}");
    assert!(page.text("detail").await.contains(HOSTILE), "unescaped, as text");

    page.app.cache.evict_region(HOSTILE).await.unwrap();
    page.app.cache.evict(&key).await.unwrap();
    page.click("#tab-overview").await;
    page.until("return /onerror/.test(document.getElementById('events').textContent)").await;
    page.search(HOSTILE).await;
    page.until("return /No key matches/.test(document.getElementById('key-list').textContent)").await;
    // The page's own icon, twice at most, and its one script.
    assert_eq!(
        page.js("return [...document.images].every((one) => one.src.endsWith('/cache/icon.svg'))").await,
        true
    );
    assert_eq!(page.js("return document.scripts.length").await, 1);

    // Markup and inline code are refused by the browser itself.
    let refused = "try { document.getElementById('detail').innerHTML = '<b>x</b>'; return 'taken' } catch (error) { return error.name }";
    assert_eq!(page.js(refused).await, "TypeError");
    page.is_clean().await;
    page.browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_fits_a_phone_and_its_controls_have_names() {
    let Some(browser) = Browser::start_phone(360, 780).await else { return };
    let page = Page::open(browser).await.logged_in().await;
    page.app.add("Lisbon", "Flights").await;
    page.app.get("/api/products").await.data(200);
    page.until("return document.querySelectorAll('#regions tbody tr').length > 0").await;
    let fits = "return innerWidth === 360 && document.documentElement.scrollWidth <= 360";
    assert_eq!(page.js(fits).await, true, "overview");
    page.search("products:*").await;
    page.click("#key-list li button").await;
    page.until("return document.querySelector('#detail .value') !== null").await;
    assert_eq!(page.js(fits).await, true, "keys");
    page.click("#tab-overview").await;
    let unnamed = "return [...document.querySelectorAll('button, input, select, canvas[tabindex]')].filter((one) => \
                   !(one.textContent.trim() || one.ariaLabel || one.labels?.length || one.hidden || \
                   one.closest('dialog:not([open])'))).map((one) => one.outerHTML)";
    assert_eq!(page.js(unnamed).await, json!([]), "controls that a screen reader cannot name");
    page.browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_theme_and_the_log_in_outlast_a_reload_and_a_lost_service_is_shown() {
    let Some(page) = Page::start().await else { return };
    let page = page.logged_in().await;
    let background = "return getComputedStyle(document.body).backgroundColor";
    page.click("#theme").await;
    let light = page.js(background).await;
    page.click("#theme").await;
    let dark = page.js(background).await;
    assert_ne!(light, dark);
    page.browser.refresh().await.unwrap();
    page.until("return document.getElementById('status').dataset.state === 'live'").await;
    assert_eq!(page.js(background).await, dark);

    let Page { browser, app } = page;
    Arc::into_inner(app).unwrap().stop().await.unwrap();
    let page = Page { browser, app: Arc::new(Stack::embedded().app().await) };
    page.until("return document.getElementById('status').dataset.state === 'lost'").await;
    page.browser.close().await;
}

#[tokio::test]
async fn files_are_kept_by_their_tags_and_nothing_is_there_without_a_token() {
    let stack = Stack::embedded();
    let (open, off) = (stack.app_with(&[("ADMIN_TOKEN", TOKEN)]).await, stack.app().await);
    for path in ["/cache", "/cache/app.js", "/cache/app.css", "/cache/icon.svg"] {
        let file = open.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        let policy = file.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !file.text.contains(TOKEN));
        assert_eq!(file.headers["x-content-type-options"], "nosniff");
        let tag = file.headers["etag"].to_str().unwrap();
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}")] {
            let headers = [("if-none-match", known.as_str())];
            let again = request_with(open.address, "GET", path, &headers, None).await;
            assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path}");
        }
        off.get(path).await.error(404, "route_not_found");
        open.send("POST", path).await.error(405, "method_not_allowed");
    }
    open.get("/cache/index.html").await.error(404, "route_not_found");
    let redirect = open.get("/cache/").await;
    assert_eq!((redirect.status.as_u16(), &redirect.headers["location"]), (308, &"/cache".parse().unwrap()));
    open.send("POST", "/cache/").await.error(405, "method_not_allowed");
    assert!(open.get("/cache").await.text.contains("<base href=\"/cache/\">"));
}
