//! nginx's configuration for a site. All that it writes lies in /tmp, so that it needs no rights.

use super::served::Site;
use crate::endpoint::NGINX_ROOT;

/// Where it is told its port when it starts.
const LISTEN: &str = "/tmp/listen.conf";

/// The command of a container that listens on the port that a variable names. The shell writes it, as the configuration
/// of nginx knows no variables there, and becomes nginx, so that signals reach it.
pub(super) fn command(variable: &str, port: u16) -> String {
    let line = format!("listen ${{{variable}:-{port}}}; listen [::]:${{{variable}:-{port}}};");
    format!("CMD [\"sh\", \"-c\", \"echo \\\"{line}\\\" >{LISTEN} && exec nginx -g 'daemon off;'\"]\n")
}

/// A COPY of its whole configuration.
pub(super) fn configuration(site: &Site) -> String {
    format!(
        "COPY <<'EOF' /etc/nginx/nginx.conf
worker_processes auto;
pid /tmp/nginx.pid;
error_log /dev/stderr;

events {{}}

http {{
    include mime.types;
    types {{ text/javascript mjs; }}
    default_type application/octet-stream;
    charset utf-8;
    charset_types text/css text/plain text/xml text/javascript application/javascript application/json;
    access_log /dev/stdout;
    sendfile on;
    gzip on;
    gzip_types text/css text/javascript application/javascript application/json image/svg+xml application/wasm;

    client_body_temp_path /tmp/client_body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;

    server {{
        {listen}
        root {NGINX_ROOT};
        absolute_redirect off;
        add_header Cache-Control no-cache;
{locations}    }}
}}
EOF
",
        listen = listen(site),
        locations = locations(site),
    )
}

/// On IPv6 as well, as the servers of Node.js do.
fn listen(site: &Site) -> String {
    match site.port_variable {
        Some(_) => format!("include {LISTEN};"),
        None => format!("listen {port};\n        listen [::]:{port};", port = site.port),
    }
}

/// What is answered to which paths.
fn locations(site: &Site) -> String {
    let base = site.base.as_deref().unwrap_or("/");
    let mut out = String::new();
    if let Some(page) = site.missing {
        out.push_str(&format!("        error_page 404 /{page};\n"));
    }
    for (path, target) in &site.dead {
        out.push_str(&format!(
            "\n        # `{}` asked {target}, where nothing listens in the container.\n        location {path} {{\n            return 502;\n        }}\n",
            site.command
        ));
    }
    if let Some(pattern) = &site.hashed {
        out.push_str(&format!(
            "\n        # Names of these files change with their contents.\n        location ~ \"^{base}{pattern}\" {{\n            add_header Cache-Control \"public, max-age=31536000, immutable\";\n        }}\n"
        ));
    }
    if site.base.is_some() {
        // As Vite's server does, with what was asked (its `baseMiddleware`).
        for place in ["/", "/index.html"] {
            out.push_str(&format!(
                "\n        location = {place} {{\n            return 302 {base}$is_args$args;\n        }}"
            ));
        }
        out.push_str("\n        location / {\n            return 404;\n        }\n");
    }
    let last = if site.fallback { format!("{base}index.html") } else { "=404".to_owned() };
    let tries: Vec<&str> = site.tries.iter().map(|word| try_files_word(word)).collect();
    let tries = std::iter::once("$uri").chain(tries).chain([last.as_str()]).collect::<Vec<_>>().join(" ");
    out.push_str(&format!("\n        location {base} {{\n            try_files {tries};\n        }}\n"));
    out
}

/// What nginx tries for a word of `file_servers.tsv`.
fn try_files_word(word: &str) -> &'static str {
    match word {
        "page" => "$uri.html",
        "index" => "${uri}index.html",
        "folder" => "$uri/index.html",
        _ => "$uri/",
    }
}
