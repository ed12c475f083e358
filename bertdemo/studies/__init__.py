"""From one text to the class: what moved the answers to many test texts of a run, and where these texts lie."""
