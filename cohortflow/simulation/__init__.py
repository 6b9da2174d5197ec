"""The synthetic company, the robots, the clock, the book of mails."""
