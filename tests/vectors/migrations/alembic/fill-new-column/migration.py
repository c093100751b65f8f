"""fill new column"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('users', sa.Column('lower_email', sa.Text(), nullable=True))
    op.execute('UPDATE users SET lower_email = lower(email) WHERE lower_email IS NULL')
    op.alter_column('users', 'lower_email', server_default='')
    op.alter_column('users', 'lower_email', nullable=False)


def downgrade():
    op.drop_column('users', 'lower_email')
