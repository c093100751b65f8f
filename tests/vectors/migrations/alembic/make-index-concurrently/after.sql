CREATE INDEX CONCURRENTLY ix_users_age ON users (age);
