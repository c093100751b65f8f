CREATE TABLE posts (id serial PRIMARY KEY, author_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, title varchar(200) NOT NULL);
CREATE UNIQUE INDEX ix_posts_title ON posts (title);
