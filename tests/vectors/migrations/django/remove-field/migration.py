from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0001_earlier"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="order",
            name="note",
        ),
    ]
