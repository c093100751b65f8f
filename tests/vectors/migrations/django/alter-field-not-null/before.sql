CREATE TABLE shop_shop (id bigserial PRIMARY KEY, name varchar(80) NOT NULL);
CREATE TABLE shop_order (
    id bigserial PRIMARY KEY,
    number varchar(20) NOT NULL,
    note text NOT NULL,
    state varchar(10) NOT NULL,
    paid_at timestamptz,
    shop_id bigint NOT NULL REFERENCES shop_shop (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO shop_shop (name) VALUES ('one');
INSERT INTO shop_order (number, note, state, shop_id) VALUES ('1', '', 'new', 1);
