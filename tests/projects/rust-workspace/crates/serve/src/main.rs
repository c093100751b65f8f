use std::time::SystemTime;

fn main() {
    let server = tiny_http::Server::http("0.0.0.0:8000").expect("the port is free");
    for request in server.incoming_requests() {
        let text = format!("{} at {}", names::numbered(7), httpdate::fmt_http_date(SystemTime::now()));
        let _ = request.respond(tiny_http::Response::from_string(text));
    }
}
