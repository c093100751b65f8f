DO $$ BEGIN
 CREATE TYPE "public"."mood" AS ENUM('sad', 'glad');
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "mood" "mood" DEFAULT 'glad' NOT NULL;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "users_mood" ON "users" USING btree ("mood");--> statement-breakpoint
ALTER TABLE "users" ALTER COLUMN "name" SET DATA TYPE text;
