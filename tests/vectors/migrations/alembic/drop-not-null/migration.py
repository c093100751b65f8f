"""drop not null"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.alter_column("users", "email", existing_type=sa.Text(), nullable=True)


def downgrade():
    op.alter_column("users", "email", existing_type=sa.Text(), nullable=False)
