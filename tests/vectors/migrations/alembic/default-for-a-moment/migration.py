"""default for a moment"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("users", sa.Column("level", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("users", "level", server_default=None)


def downgrade():
    op.drop_column("users", "level")
