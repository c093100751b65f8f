"""set not null"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.alter_column("users", "age", existing_type=sa.Integer(), nullable=False)


def downgrade():
    op.alter_column("users", "age", existing_type=sa.Integer(), nullable=True)
