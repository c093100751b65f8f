"""add column not null"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("users", sa.Column("phone", sa.Text(), nullable=False))


def downgrade():
    op.drop_column("users", "phone")
