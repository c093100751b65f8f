from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0001_earlier"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="made_at",
            field=models.DateTimeField(db_default=Now()),
        ),
    ]
