"""add nullable column"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("users", sa.Column("nick", sa.String(length=30), nullable=True))


def downgrade():
    op.drop_column("users", "nick")
