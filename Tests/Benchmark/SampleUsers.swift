import JSON

/// Users in the shape in which the peer keeps them: about 700 bytes of JSON each.
struct SampleUsers {
  let count: Int

  static func name(_ number: Int) -> String { "user\(number)" }

  static func bytes(_ number: Int) -> [UInt8] {
    // Spelled out, since building a million values would take longer than what is measured.
    let name = name(number)
    let digits = String(number)
    let id = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    let text =
      #"{"username":"\#(name)","email":"\#(name)@example.com","password":{"__type__":"bytes","data":"JDJiJDEyJFpZelBzdUh1WlhLTzdQZFFWcXA2My56Ly5JS0FMWGZFSXJYZHZtQk5OcmlackdCN2JiYi5x"},"role":"developer","groups":["ALL","team\#(number % 100)"],"rate_limit_duration":100,"rate_limit_duration_type":"minute","rate_limit_enabled":true,"throttle_duration":10,"throttle_duration_type":"second","throttle_wait_duration":1,"throttle_wait_duration_type":"second","throttle_queue_limit":10,"throttle_enabled":null,"custom_attributes":{"team":"team\#(number % 100)"},"bandwidth_limit_bytes":null,"bandwidth_limit_window":"day","bandwidth_limit_enabled":null,"active":true,"ui_access":false,"_id":"d778f372-e65b-4221-9c85-\#(id)"}"#
    return Array(text.utf8)
  }
}
