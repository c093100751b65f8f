"""sql drops"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.execute(
        """
        -- The age is not asked for; any more.
        UPDATE users SET name = 'a;b' WHERE false;
        ALTER TABLE public."users"
            ADD COLUMN IF NOT EXISTS born date,
            DROP COLUMN IF EXISTS "age";
        """
    )


def downgrade():
    pass
