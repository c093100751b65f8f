use super::*;
use crate::stack::known_service;

/// The check of an image with these words of `command`, variables (`NAME=value`) and files.
fn test(image: &str, words: &str, variables: &[&str], files: &[&str]) -> Result<String, String> {
    let mut words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    if words.first().is_some_and(|word| word == "SHELL") {
        words[0] = SHELL.to_owned();
    }
    let variables = variables.iter().map(|text| match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => ((*text).to_owned(), None),
    });
    let files = files.iter().map(|file| (*file).to_owned()).collect();
    let settings = ServiceSettings { words, variables: variables.collect(), files };
    configured_test(&known_service(image).unwrap(), &settings).map(|words| words[1..].join(" "))
}

#[track_caller]
fn asks(image: &str, words: &str, variables: &[&str], expected: &str) {
    let test = test(image, words, variables, &[]);
    assert!(test.as_ref().is_ok_and(|test| test.contains(expected)), "{test:?}");
}

#[track_caller]
fn refuses(image: &str, words: &str, variables: &[&str], files: &[&str], why: &str) {
    let test = test(image, words, variables, files);
    assert!(test.as_ref().is_err_and(|test| test.contains(why)), "{test:?}");
}

#[test]
fn ports_and_passwords_of_caches_are_used() {
    asks("redis:7", "redis-server --appendonly yes", &["REDIS_PASSWORD=x"], "redis-cli ping |");
    asks("redis:7", "redis-server --port 6380", &[], "redis-cli -p 6380 ping |");
    asks("redis:7", "redis-server --port ${PORT:-6380}", &[], "redis-cli -p ${PORT:-6380} ping |");
    asks("redis:7", "redis-server --requirepass ${PW}", &[], "REDISCLI_AUTH='${PW}' redis-cli ping |");
    asks(
        "redis:7",
        "SHELL redis-server --port 1 --requirepass $$PW",
        &[],
        "REDISCLI_AUTH=\"$$PW\" redis-cli -p 1 ping",
    );
    asks("valkey/valkey:8", "valkey-server --requirepass=$PW", &[], "REDISCLI_AUTH='$PW' valkey-cli ping");
    refuses("redis:7", "redis-server --requirepass secret", &[], &[], "the password is written after");
    refuses("redis:7", "redis-server --requirepass $$PW", &[], &[], "no shell");
    refuses("redis:7", "redis-server /etc/redis.conf", &[], &[], "/etc/redis.conf");
    refuses("redis:7", "redis-server --port 0 --tls-port 6379", &[], &[], "--port");
    asks("memcached:1-alpine", "-m 64 -p 11212", &[], "127.0.0.1 11212");
}

#[test]
fn a_password_that_is_set_elsewhere_is_used_or_refused() {
    let plain = "redis-cli ping |";
    asks("redis:8", "SHELL exec /usr/local/bin/redis-server --save 900 1", &[], plain);
    asks("redis:8", "SHELL echo 1 > /proc/sys/vm/overcommit_memory && redis-server", &[], plain);
    // A configuration file is any first argument, whatever it is called.
    for path in ["/data/conf", "/usr/local/etc/redis/settings", "./redis-settings", "-"] {
        refuses("redis:8", &format!("redis-server {path}"), &[], &[], path);
    }
    // Options that only a variable or a script knows.
    let optional = "SHELL redis-server $${REDIS_PASSWORD:+--requirepass $$REDIS_PASSWORD}";
    refuses("redis:8", optional, &["REDIS_PASSWORD"], &[], "may set a password");
    refuses("redis:8", "redis-server ${REDIS_OPTIONS}", &[], &[], "`${REDIS_OPTIONS}`");
    refuses("valkey/valkey:8", "SHELL valkey-server $$OPTIONS", &[], &[], "`$$OPTIONS`");
    refuses("nats:2-alpine", "-m 8222 ${NATS_OPTIONS}", &[], &[], "`${NATS_OPTIONS}`");
    refuses("mongo:8", "mongod ${MONGO_OPTIONS}", &[], &[], "`${MONGO_OPTIONS}`");
    let file = "REDISCLI_AUTH=\"$$(cat \"$$REDIS_PASSWORD_FILE\")\" redis-cli ping";
    asks("bitnami/redis:7.2", "", &["REDIS_PASSWORD_FILE=/run/secrets/x"], file);
    asks("bitnami/redis:7.2", "", &["REDIS_PASSWORD=x"], "REDISCLI_AUTH=\"$${REDIS_PASSWORD:-}\" redis-cli ping");
    refuses("bitnami/redis:7.2", "", &["REDIS_ACLFILE=/x"], &[], "`REDIS_ACLFILE`");
    refuses("solr:9", "", &["SOLR_AUTH_TYPE=basic"], &[], "`SOLR_AUTH_TYPE`");
}

#[test]
fn settings_of_databases_are_used() {
    asks(
        "postgres:17",
        "-c max_connections=200 -c shared_buffers=1GB",
        &["PGPORT=5433", "POSTGRES_PASSWORD=x"],
        "pg_isready -q",
    );
    asks("postgres:17", "postgres -p 5433", &[], "pg_isready -p 5433 -q");
    asks("postgres:17", "postgres -c port=5433", &[], "pg_isready -p 5433 -q");
    let user = "-U \"$$(cat \"$$POSTGRES_USER_FILE\")\" -d \"$${POSTGRES_DB:-$$(cat \"$$POSTGRES_USER_FILE\")}\"";
    asks("postgres:17", "", &["POSTGRES_USER_FILE=/run/secrets/user"], user);
    refuses("postgres:17", "postgres -c listen_addresses=", &[], &[], "only the socket");
    asks("postgres:17", "-c listen_addresses='*'", &[], "pg_isready -q");
    refuses("postgres:17", "-c config_file=/etc/postgresql.conf", &[], &[], "--config_file");
    asks("mysql:8", "--port=3307", &["MYSQL_ROOT_PASSWORD=x"], "mysql -P 3307 -h 127.0.0.1");
    asks(
        "mysql:8",
        "",
        &["MYSQL_ROOT_PASSWORD_FILE=/x"],
        "MYSQL_PWD=\"$${MYSQL_PASSWORD:-$$(cat \"$$MYSQL_ROOT_PASSWORD_FILE\")}\"",
    );
    asks("mysql:8", "", &["MYSQL_ALLOW_EMPTY_PASSWORD=yes"], "MYSQL_PWD=\"$${MYSQL_PASSWORD:-}\"");
    refuses("mysql:8", "", &["MYSQL_RANDOM_ROOT_PASSWORD=yes"], &[], "`MYSQL_ROOT_PASSWORD`");
    refuses("mysql:8", "", &["MYSQL_ROOT_PASSWORD=x"], &["/etc/mysql/conf.d/a.cnf"], "/etc/mysql/conf.d/a.cnf");
    asks("mongo:7", "mongod --replSet rs0 --port 27018", &[], "mongosh --quiet --port 27018 --host");
    refuses("mongo:7", "mongod --tlsMode requireTLS", &[], &[], "--tlsMode");
    asks("clickhouse/clickhouse-server:24", "", &["CLICKHOUSE_USER=x", "CLICKHOUSE_PASSWORD=y"], "/ping");
    refuses("clickhouse/clickhouse-server:24", "", &[], &["/etc/clickhouse-server/config.d/a.xml"], "config.d");
}

#[test]
fn security_of_search_servers_is_used() {
    let image = "elasticsearch:8.15.0";
    asks(image, "", &["xpack.security.enabled=false"], "curl -fsS -o /dev/null 'http://127.0.0.1:9200");
    asks(image, "", &["ELASTIC_PASSWORD=x"], "--cacert config/certs/http_ca.crt -u \"elastic:$$ELASTIC_PASSWORD\"");
    refuses(image, "", &[], &[], "`ELASTIC_PASSWORD`");
    refuses(image, "", &["ELASTIC_PASSWORD=x", "xpack.security.http.ssl.key=y"], &[], "ssl.key");
    let old = "docker.elastic.co/elasticsearch/elasticsearch:7.17.0";
    asks(
        old,
        "",
        &["ELASTIC_PASSWORD=x", "xpack.security.enabled=true"],
        "-u \"elastic:$$ELASTIC_PASSWORD\" -o /dev/null 'http:",
    );
    let image = "opensearchproject/opensearch:2";
    asks(image, "", &["plugins.security.disabled=true"], "curl -fsS -o /dev/null 'http:");
    refuses(image, "", &[], &[], "OPENSEARCH_INITIAL_ADMIN_PASSWORD");
}

#[test]
fn listeners_of_brokers_are_used() {
    let image = "confluentinc/cp-kafka:7.7.0";
    let advertised = "KAFKA_ADVERTISED_LISTENERS=IN://kafka:29092,OUT://localhost:9093";
    let protocols = "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=IN:PLAINTEXT,OUT:PLAINTEXT";
    asks(image, "", &[advertised, protocols], "127.0.0.1:29092");
    asks(image, "", &["KAFKA_LISTENERS=PLAINTEXT://kafka:9094", advertised], "kafka:9094");
    refuses(image, "", &["KAFKA_ADVERTISED_LISTENERS=SASL_SSL://kafka:9092"], &[], "no listener");
    refuses(image, "", &["KAFKA_ADVERTISED_LISTENERS"], &[], "no listener");
    asks("confluentinc/cp-zookeeper:7.7.0", "", &["ZOOKEEPER_CLIENT_PORT=32181"], "$$ZOOKEEPER_CLIENT_PORT");
    refuses("confluentinc/cp-zookeeper:7.7.0", "", &[], &[], "ZOOKEEPER_CLIENT_PORT");
    asks("nats:2-alpine", "", &[], ":8222/healthz");
    asks("nats:2-alpine", "-js -m 8223", &[], ":8223/healthz");
    refuses("nats:2-alpine", "-js", &[], &[], "-m 8222");
    refuses("nats:2-alpine", "-c /etc/nats.conf", &[], &[], "-c");
    asks("rabbitmq:4", "", &["RABBITMQ_NODE_PORT=5673"], "check_port_connectivity");
}

#[test]
fn what_may_matter_is_refused_elsewhere() {
    refuses("qdrant/qdrant", "", &["QDRANT__SERVICE__ENABLE_TLS=1"], &[], "TLS");
    asks("getmeili/meilisearch:v1", "", &["MEILI_MASTER_KEY=x", "MEILI_HTTP_ADDR=0.0.0.0:7700"], ":7700/health");
    refuses("getmeili/meilisearch:v1", "", &["MEILI_HTTP_ADDR=0.0.0.0:7701"], &[], "MEILI_HTTP_ADDR");
    refuses("minio/minio:RELEASE.2024-01-01T00-00-00Z", "server /data --address :9100", &[], &[], "--address");
    asks(
        "minio/minio:RELEASE.2024-01-01T00-00-00Z",
        "server /data --console-address :9001",
        &["MINIO_ROOT_USER=a"],
        "mc ready",
    );
    refuses("eclipse-mosquitto:2", "", &[], &["/mosquitto/config/mosquitto.conf"], "mosquitto.conf");
    asks("prom/prometheus:v3", "--config.file=/etc/prometheus/prometheus.yml", &[], ":9090/-/ready");
    refuses("quay.io/keycloak/keycloak:26", "start-dev", &[], &[], "settings");
    asks(
        "quay.io/keycloak/keycloak:26",
        "start-dev",
        &["KC_HEALTH_ENABLED=true", "KC_DB_URL_HOST=db"],
        "/health/ready",
    );
}

#[test]
fn settings_of_other_servers_are_harmless() {
    let image = "quay.io/keycloak/keycloak:26";
    let variables = &["KC_HEALTH_ENABLED=true", "DB_PORT=5432", "APP_LOG_CONFIG=x", "KSQL_CONFIG_DIR=/etc/x"];
    asks(image, "start-dev", variables, "/health/ready");
    let settings = test(image, "start-dev", variables, &["/etc/app/logging.xml", "/opt/log4j2.properties"]);
    assert!(settings.is_ok(), "{settings:?}");
    refuses(image, "start-dev", &["KC_HEALTH_ENABLED=true"], &["/etc/app/server.xml"], "server.xml");
}

#[test]
fn every_row_is_read() {
    let forms = ["option", "argument", "variable", "file", "without", "-"];
    let effects = ["fine", "replace", "listener", "enable", "refuse"];
    let names: Vec<&str> = data::SERVICES.keys().collect();
    assert_eq!(ROWS.len(), data::SERVICE_SETTINGS.rows().count());
    for (row, cells) in ROWS.iter().zip(data::SERVICE_SETTINGS.rows()) {
        assert!(forms.contains(&row.form) && effects.contains(&row.effect), "{cells:?}");
        assert!(row.services.iter().all(|name| *name == "*" || names.contains(name)), "{cells:?}");
        assert_eq!(row.names.len(), row.words.split_ascii_whitespace().count(), "{cells:?}");
        assert_eq!(row.effect == "replace", row.text.contains(" => "), "{cells:?}");
    }
}

#[test]
fn variables_that_a_check_needs_are_found() {
    let missing = |text: &str| missing_variable(text, &|name| name == "SET");
    assert_eq!(missing("a \"$SET\" ${SET%%/*} ${OTHER:-x} ${OTHER:-${SET}} $(b) $s '$SYS/x' $HOSTNAME"), None);
    assert_eq!(missing("${SET:-$OTHER}"), None);
    for text in ["$OTHER", "${OTHER}", "${OTHER%%/*}", "${THIRD:-$OTHER}", "$SET$OTHER"] {
        assert_eq!(missing(text).as_deref(), Some("OTHER"), "{text}");
    }
}
