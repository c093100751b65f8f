use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use tiny_http::{Response, Server};

static VISITS: AtomicU64 = AtomicU64::new(0);

fn main() {
    let server = Server::http("0.0.0.0:8000").expect("the port is free");
    for request in server.incoming_requests() {
        let visits = VISITS.fetch_add(1, Ordering::Relaxed);
        let text = match request.url() {
            "/time" => httpdate::fmt_http_date(SystemTime::now()),
            _ => {
                let page = std::fs::read_to_string("static/index.html").expect("the page is there");
                page.replace("{visits}", itoa::Buffer::new().format(visits))
            }
        };
        let _ = request.respond(Response::from_string(text));
    }
}
