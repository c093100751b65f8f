from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0001_earlier"),
    ]

    operations = [
        migrations.AddField("order", "priority", models.IntegerField(default=0)),
    ]
