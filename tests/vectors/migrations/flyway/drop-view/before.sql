CREATE TABLE teams (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (
    id serial PRIMARY KEY,
    email text NOT NULL,
    name varchar(50),
    age integer,
    state text NOT NULL DEFAULT 'new',
    team_id integer
);
INSERT INTO teams (name) VALUES ('red');
INSERT INTO users (email, name, age, team_id) VALUES ('ann@example.com', 'Ann', 30, 1), ('bob@example.com', 'Bob', 40, 1);
CREATE VIEW adults AS SELECT id, name FROM users WHERE age >= 18;
CREATE VIEW "Kids" AS SELECT id, name FROM users WHERE age < 18;
CREATE INDEX users_age_idx ON users (age);
