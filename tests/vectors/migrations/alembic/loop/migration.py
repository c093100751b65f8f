"""loop"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    for table in ("users", "teams"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN made_at timestamptz DEFAULT now()")


def downgrade():
    pass
