"""change type"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.alter_column("users", "age", existing_type=sa.Integer(), type_=sa.Text(), existing_nullable=True)


def downgrade():
    op.alter_column("users", "age", type_=sa.Integer(), postgresql_using="age::integer")
