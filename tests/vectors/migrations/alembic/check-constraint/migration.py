"""check constraint"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_check_constraint("ck_users_age", "users", "age >= 18", postgresql_not_valid=True)


def downgrade():
    op.drop_constraint("ck_users_age", "users", type_="check")
