from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0001_earlier"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="customer",
            field=models.CharField(blank=True, max_length=80, null=True, verbose_name="customer (name)"),
        ),
    ]
