"""delete rows"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.execute("DELETE FROM teams WHERE name = 'red'")


def downgrade():
    pass
