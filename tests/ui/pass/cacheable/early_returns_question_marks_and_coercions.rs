//! The body keeps the types that the signature gives it.

use jollycache::cacheable;

#[derive(Debug)]
struct AppError(#[allow(dead_code, reason = "shown by Debug")] String);

impl From<std::num::ParseIntError> for AppError {
    fn from(error: std::num::ParseIntError) -> Self {
        AppError(error.to_string())
    }
}

#[cacheable(key = "question:{text}")]
async fn question_mark(text: &str) -> Result<u32, AppError> {
    let number = text.parse::<u32>()?;
    Ok(number)
}

#[cacheable(key = "only:{text}")]
async fn only_question_marks(text: &str) -> Result<Vec<u32>, AppError> {
    text.split(',').map(|part| Ok(part.parse()?)).collect()
}

#[cacheable(key = "into:{text}")]
async fn early_into(text: &str) -> String {
    if text.is_empty() {
        return "empty".into();
    }
    text.into()
}

#[cacheable(key = "error:{id}")]
async fn coerced_error(id: u32) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    if id == 0 {
        return Err(Box::new(std::io::Error::other("zero")));
    }
    Ok(id)
}

#[cacheable(key = "mut:{items}")]
async fn mutable(mut items: Vec<u32>) -> Vec<u32> {
    items.push(9);
    items
}

#[cacheable(key = "loop:{n}")]
async fn loops_and_labels(n: u32) -> u32 {
    'outer: for a in 0.. {
        for b in 0..a {
            if a * b > n {
                return a;
            }
            if b > 5 {
                continue 'outer;
            }
        }
    }
    0
}

#[cacheable(key = "diverges:{n}")]
async fn always_fails(n: u32) -> Result<u32, AppError> {
    #![allow(unused_variables)]
    return Err(AppError("no".to_owned()));
}

#[tokio::main]
async fn main() {
    assert_eq!(question_mark("7").await.unwrap(), 7);
    assert!(question_mark("x").await.is_err());
    assert_eq!(only_question_marks("1,2").await.unwrap(), [1, 2]);
    assert_eq!(early_into("").await, "empty");
    assert!(coerced_error(0).await.is_err());
    assert_eq!(mutable(vec![1]).await, [1, 9]);
    assert_eq!(loops_and_labels(2).await, 3);
    assert!(always_fails(1).await.is_err());
}
