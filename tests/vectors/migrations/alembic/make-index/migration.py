"""make index"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_users_age", "users", ["age"], unique=False)


def downgrade():
    op.drop_index("ix_users_age", table_name="users")
