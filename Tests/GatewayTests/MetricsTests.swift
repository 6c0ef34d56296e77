import JSON
import Testing

@testable import Gateway

@Suite("The figures of calls")
struct MetricsTests {
  @Test("count by endpoint and status, and by the hundred for statuses that are not told apart")
  func statuses() {
    let metrics = CallMetrics()
    let items = metrics.endpoint("orders/v1", "GET", "/items")
    for status in [200, 200, 299, 418, 404, 0, 600] { items.add(status) }
    #expect(metrics.endpoint("orders/v1", "GET", "/items") === items)
    let calls = metrics.calls.map { "\($0.label.api) \($0.label.endpoint) \($0.status) \($0.calls)" }
    #expect(
      calls == [
        "orders/v1 GET /items 200 3", "orders/v1 GET /items 400 1", "orders/v1 GET /items 404 1",
      ])
    #expect(metrics.statuses.map(\.status) == [200, 400, 404])
  }

  @Test("have a bounded number of labels")
  func bounds() {
    let metrics = CallMetrics()
    let endpoints = (0..<CallMetrics.mostEndpoints + 100).map { metrics.endpoint("a/v1", "GET", "/\($0)") }
    for counters in endpoints { counters.add(200) }
    #expect(metrics.calls.count == CallMetrics.mostEndpoints + 1)
    #expect(metrics.calls.first { $0.label.api.text == "other" }?.calls == 100)
  }

  @Test("of times stand in the first bucket that is large enough")
  func histogram() {
    let histogram = TimeHistogram([100, 1000])
    for microseconds: UInt64 in [0, 100, 101, 1000, 1001, 5000] { histogram.add(microseconds * 1000) }
    #expect(histogram.values.counts == [2, 2, 2])
    #expect(histogram.values.sum == 7202)
    var text = MetricsText()
    text.histogram("t_seconds", "Times.", histogram.bounds, [histogram, histogram])
    #expect(
      text.text == """
        # HELP t_seconds Times.
        # TYPE t_seconds histogram
        t_seconds_bucket{le="0.0001"} 4
        t_seconds_bucket{le="0.001"} 8
        t_seconds_bucket{le="+Inf"} 12
        t_seconds_sum 0.014404
        t_seconds_count 12

        """)
  }

  @Test("are written without exponents, and labels are escaped")
  func text() {
    #expect(
      [0, 1, 10, 1_000_000, 1_500_000, 12_000_001].map(MetricsText.seconds) == [
        "0", "0.000001", "0.00001", "1", "1.5", "12.000001",
      ])
    var text = MetricsText()
    text.sample("a", ["l": "x\"y\\z\n", "m": "\u{E9}"], 1)
    #expect(text.text == "a{l=\"x\\\"y\\\\z\\n\",m=\"\u{E9}\"} 1\n")
  }
}
