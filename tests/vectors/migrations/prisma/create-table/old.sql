INSERT INTO "public"."User" ("email", "name") VALUES ('cid@example.com', 'Cid') RETURNING "id";
SELECT "public"."User"."id", "public"."User"."email", "public"."User"."role"::text, "public"."User"."name" FROM "public"."User" WHERE "role" = CAST('USER'::text AS "public"."Role");
INSERT INTO "public"."Post" ("authorId") VALUES (2);
UPDATE "public"."User" SET "name" = 'B' WHERE "id" = 2;
DELETE FROM "public"."Post" WHERE "id" = 1;
INSERT INTO "public"."User" ("email", "role") VALUES ('bob@example.com', CAST('ADMIN'::text AS "public"."Role")) ON CONFLICT ("email") DO UPDATE SET "role" = excluded."role";
