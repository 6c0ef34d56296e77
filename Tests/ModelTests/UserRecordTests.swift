import JSON
import Model
import Testing

@Suite("A user record")
struct UserRecordTests {
  private func limits(_ fields: JSONObject) -> UserLimits { UserRecord(fields).limits }

  @Test("has the user's fields, and takes fields of other types as absent")
  func fields() {
    let user = UserRecord([
      "username": "alice", "email": "a@example.com", "role": "dev", "groups": ["ALL", 7, "x"], "ui_access": true,
    ])
    #expect(user.username == "alice")
    #expect(user.email == "a@example.com")
    #expect(user.role == "dev")
    #expect(user.groups == ["ALL", "x"])
    #expect(user.isActive && user.mayUseInterface)
    let odd = UserRecord(["username": "u", "role": 7, "groups": "ALL", "active": "true", "ui_access": 1])
    #expect(odd.role == nil)
    #expect(odd.groups == [])
    #expect(!odd.isActive && !odd.mayUseInterface)
    #expect(UserRecord(["active": .null]).isActive)
  }

  @Test("has a rate limit when a count is set or the limit is switched on")
  func rate() {
    #expect(limits([:]).rate == nil)
    #expect(limits(["rate_limit_duration": 0, "rate_limit_enabled": false]).rate == nil)
    // As in Doorman, false does not switch off a limit that has a count.
    let kept = limits(["rate_limit_duration": 5, "rate_limit_duration_type": "hours", "rate_limit_enabled": false]).rate
    #expect(kept?.count == 5 && kept?.window == 3600)
    let standard = limits(["rate_limit_enabled": true, "rate_limit_duration_type": "fortnight"]).rate
    #expect(standard?.count == 60 && standard?.window == 60)
    let month = limits(["rate_limit_duration": 1, "rate_limit_duration_type": "month"]).rate
    #expect(month?.window == 30 * 86_400)
    #expect(limits(["rate_limit_duration": 1, "rate_limit_duration_type": "year"]).rate?.window == 365 * 86_400)
  }

  @Test("has a throttle when a count or a queue is set or it is switched on")
  func throttle() {
    #expect(limits(["throttle_enabled": .null, "throttle_duration": 0]).throttle == nil)
    let standard = limits(["throttle_enabled": true]).throttle
    #expect(standard?.count == 10 && standard?.queueLimit == 10 && standard?.window == 1 && standard?.wait == 0.5)
    let set = limits([
      "throttle_duration": 2, "throttle_queue_limit": 4, "throttle_duration_type": "minute",
      "throttle_wait_duration": 3, "throttle_wait_duration_type": "minutes",
    ]).throttle
    #expect(set?.count == 2 && set?.queueLimit == 4 && set?.window == 60 && set?.wait == 180)
    #expect(limits(["throttle_queue_limit": 3]).throttle?.count == 10)
  }

  @Test("has a bandwidth limit unless it is switched off")
  func bandwidth() {
    #expect(limits([:]).bandwidth == nil)
    #expect(limits(["bandwidth_limit_bytes": 9, "bandwidth_limit_enabled": false]).bandwidth == nil)
    let set = limits(["bandwidth_limit_bytes": 9, "bandwidth_limit_window": "hour"]).bandwidth
    #expect(set?.bytes == 9 && set?.window == 3600)
    #expect(limits(["bandwidth_limit_bytes": 9, "bandwidth_limit_window": "year"]).bandwidth?.window == 86_400)
    #expect(limits(["bandwidth_limit_bytes": 9]).bandwidth?.window == 86_400)
  }
}
