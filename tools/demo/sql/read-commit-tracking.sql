SELECT current_setting('track_commit_timestamp') = 'on' AS is_tracked
