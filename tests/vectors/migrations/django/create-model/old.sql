INSERT INTO shop_order (number, note, state, paid_at, shop_id) VALUES ('2', 'x', 'new', NULL, 1) RETURNING id;
SELECT shop_order.id, shop_order.number, shop_order.note, shop_order.state, shop_order.paid_at, shop_order.shop_id FROM shop_order WHERE shop_order.number = '2';
UPDATE shop_order SET number = '2', note = 'y', state = 'paid', paid_at = now(), shop_id = 1 WHERE id = 1;
DELETE FROM shop_order WHERE id IN (2);
