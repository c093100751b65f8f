ALTER TABLE shop_order ADD COLUMN customer varchar(80) NULL;
