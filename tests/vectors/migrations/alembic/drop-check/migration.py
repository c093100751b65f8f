"""drop check"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.drop_constraint("ck_users_age", "users", type_="check")


def downgrade():
    pass
