"""unique constraint"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_unique_constraint("uq_users_name", "users", ["name"])


def downgrade():
    op.drop_constraint("uq_users_name", "users", type_="unique")
