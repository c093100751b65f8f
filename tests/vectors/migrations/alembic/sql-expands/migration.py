"""sql expands"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.execute(sa.text("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm'"))
    op.execute("CREATE VIEW adults AS SELECT id, name "
               "FROM users WHERE age >= 18; /* DROP TABLE users; */")
    op.get_bind().execute(sa.text("COMMENT ON TABLE users IS 'DROP COLUMN age'"))


def downgrade():
    pass
