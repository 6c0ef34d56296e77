resource "aws_sns_topic" "alarms" {
  count = var.alarm_email == null ? 0 : 1

  name_prefix = "${var.name}-alarms-"
}

resource "aws_sns_topic_subscription" "alarms" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_log_metric_filter" "filter" {
  for_each = toset(local.filter_names)

  name           = each.key
  log_group_name = local.filters[each.key].logGroupName
  pattern        = local.filters[each.key].filterPattern

  metric_transformation {
    name      = local.filters[each.key].metricTransformations[0].metricName
    namespace = local.filters[each.key].metricTransformations[0].metricNamespace
    value     = local.filters[each.key].metricTransformations[0].metricValue
    unit      = try(local.filters[each.key].metricTransformations[0].unit, null)
  }
}

resource "aws_cloudwatch_metric_alarm" "alarm" {
  for_each = toset(local.alarm_names)

  alarm_name          = each.key
  alarm_description   = local.alarms[each.key].AlarmDescription
  namespace           = local.alarms[each.key].Namespace
  metric_name         = local.alarms[each.key].MetricName
  dimensions          = { for dimension in try(local.alarms[each.key].Dimensions, []) : dimension.Name => dimension.Value }
  statistic           = local.alarms[each.key].Statistic
  period              = local.alarms[each.key].Period
  evaluation_periods  = local.alarms[each.key].EvaluationPeriods
  datapoints_to_alarm = local.alarms[each.key].DatapointsToAlarm
  comparison_operator = local.alarms[each.key].ComparisonOperator
  threshold           = local.alarms[each.key].Threshold
  treat_missing_data  = local.alarms[each.key].TreatMissingData
  alarm_actions       = local.alarms[each.key].AlarmActions
  ok_actions          = local.alarms[each.key].OKActions
}

resource "aws_cloudwatch_dashboard" "gatehouse" {
  dashboard_name = var.name
  dashboard_body = templatefile("${local.documents}/dashboard.json", local.names)
}
