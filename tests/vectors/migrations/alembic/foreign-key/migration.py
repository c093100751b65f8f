"""foreign key"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_foreign_key(None, "users", "teams", ["team_id"], ["id"])
