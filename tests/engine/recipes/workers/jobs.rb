# Sidekiq wants a file.
