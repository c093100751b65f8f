"""sql of file"""
from alembic import op
import sqlalchemy as sa
from pathlib import Path

revision = "b2"
down_revision = None
branch_labels = None
depends_on = None

SCRIPT = (Path(__file__).parent / "nick.sql").read_text()


def upgrade():
    op.execute(SCRIPT)


def downgrade():
    pass
