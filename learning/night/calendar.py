"""When nights fall: by each channel's own clock, whatever daylight saving does to it, and by morning they are over."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from learning.settings import Settings


def due(moment: datetime, zone: ZoneInfo, night_hour: int) -> date:
    """The date of the latest night that has begun at a moment, by a channel's clock."""
    here = moment.astimezone(zone)
    return here.date() if here.hour >= night_hour else here.date() - timedelta(days=1)


def begins(day: date, zone: ZoneInfo, hour: int) -> datetime:
    """When an hour of a date comes; one that daylight saving leaves out comes as late as the gap is long, one that comes twice counts the first time."""
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


def too_late(opened: datetime, moment: datetime, morning: datetime) -> bool:
    """Has morning come before a night that was opened in time could begin? One that was opened late, for a machine that was off, is made up by day."""
    return opened < morning <= moment


def comes(day: date, zone: ZoneInfo, settings: Settings) -> datetime:
    """The morning after the night of a date."""
    return begins(day if settings.morning_hour > settings.night_hour else day + timedelta(days=1), zone, settings.morning_hour)
