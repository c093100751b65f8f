ALTER TABLE shop_order ALTER COLUMN state TYPE varchar(16);
