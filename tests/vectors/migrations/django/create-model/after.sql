CREATE TABLE shop_label (id bigserial PRIMARY KEY, text varchar(30) NOT NULL UNIQUE);
CREATE TABLE shop_order_labels (id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES shop_order (id) DEFERRABLE INITIALLY DEFERRED, label_id bigint NOT NULL REFERENCES shop_label (id) DEFERRABLE INITIALLY DEFERRED, UNIQUE (order_id, label_id));
CREATE INDEX CONCURRENTLY order_number ON shop_order (number);
