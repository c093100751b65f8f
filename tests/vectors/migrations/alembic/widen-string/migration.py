"""widen string"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.alter_column("users", "name", existing_type=sa.VARCHAR(length=50), type_=sa.String(length=200), existing_nullable=True)


def downgrade():
    op.alter_column("users", "name", existing_type=sa.String(length=200), type_=sa.VARCHAR(length=50))
