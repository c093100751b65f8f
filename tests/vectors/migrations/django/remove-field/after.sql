ALTER TABLE shop_order DROP COLUMN note;
