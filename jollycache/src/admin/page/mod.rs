//! The page: files built into the program, which ask nobody but the API.

use axum::Router;

pub(super) fn router(_api: &str, _open: bool) -> Router {
    Router::new()
}
