CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
CREATE TABLE "User" ("id" serial PRIMARY KEY, "email" text NOT NULL, "role" "Role" NOT NULL DEFAULT 'USER', "name" text);
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
CREATE TABLE "Post" ("id" serial PRIMARY KEY, "authorId" integer NOT NULL);
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
INSERT INTO "User" ("email", "role") VALUES ('ann@example.com', 'ADMIN'), ('bob@example.com', 'USER');
INSERT INTO "Post" ("authorId") VALUES (1);
