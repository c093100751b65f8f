ALTER TABLE shop_order ADD COLUMN source text;
ALTER TABLE shop_order ADD CONSTRAINT order_number_of_shop UNIQUE (shop_id, number);
