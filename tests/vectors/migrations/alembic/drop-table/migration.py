"""drop table"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.drop_table("teams")


def downgrade():
    raise NotImplementedError("there is no way back")
