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
