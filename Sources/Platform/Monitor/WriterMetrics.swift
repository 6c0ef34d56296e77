import Clocks

/// Whether this task writes, in the text format of Prometheus.
package enum WriterMetrics {
  /// The figures of a task.
  ///
  /// - Parameter standby: `nil` for a task that writes.
  static func text(_ standby: Standby?) -> String {
    var text = family(
      "gatehouse_writer", "gauge", "Whether this task accepts changes.", [("", standby == nil ? 1 : 0)])
    if case .behind(let lag?)? = standby?.following {
      text += family(
        "gatehouse_standby_lag_seconds", "gauge", "The time since the state was last that of the task that writes.",
        [("", Double(lag.milliseconds) / 1000)])
    }
    return text
  }

  /// One metric with its figures.
  ///
  /// - Parameter figures: the labels in braces, or nothing, and the value.
  package static func family(
    _ name: String, _ type: String, _ help: String, _ figures: [(labels: String, value: any CustomStringConvertible)]
  ) -> String {
    figures.reduce(into: "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n") { text, figure in
      text += "\(name)\(figure.labels) \(figure.value)\n"
    }
  }
}
