from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0001_earlier"),
    ]

    operations = [
        migrations.RenameField(
            model_name='order',
            old_name='number',
            new_name='code',
        ),
    ]
