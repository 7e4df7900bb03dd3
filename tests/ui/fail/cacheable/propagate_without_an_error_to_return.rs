use jollycache::cacheable;

struct AppError;

#[cacheable(on_error = "propagate")]
async fn plain(id: u64) -> Option<u64> {
    Some(id)
}

#[cacheable(on_error = "propagate")]
async fn unrelated(id: u64) -> Result<u64, AppError> {
    Ok(id)
}

fn main() {}
