import { expect, test } from 'vitest';
import type { Schemas } from '../shared/http';
import { missedOf } from './lateness';

type View = Schemas['WholeCase'];
type Fact = Schemas['Happened'];

const at = (minute: number) => `2026-11-25T06:${String(minute).padStart(2, '0')}:00Z`;
const ms = (minute: number) => Date.parse(at(minute));
const limit = (kind: string, started: number, due: number, stopped: number | null) => ({
  kind, round: 1, started_at: at(started), due_at: at(due), breached_at: at(due), stopped_at: stopped === null ? null : at(stopped),
});
const fact = (action: string, minute: number, detail: Record<string, unknown> = {}, actor = 'R2') =>
  ({ action, at: at(minute), detail, actor, role: actor === 'system' ? 'system' : 'responder', unit: null }) as unknown as Fact;
const view = (limits: unknown[], told: unknown[] = []) => ({ limits, told, stamps: { received_at: at(0) } }) as unknown as View;
const words = (seen: View, facts: Fact[]) => missedOf(seen, facts, ms(40)).map(({ words }) => words.join(' '));

test('a limit nobody answered says who was asked, who was told and who took it', () => {
  const told = { kind: 'BREACHED', timer: 'ACK', round: 1, target: 'PRECINCT_HEAD', unit: 'P1', person: null, people: ['R9'], created_at: at(3) };
  const facts = [
    fact('OPEN', 0, {}, 'system'), fact('ASSIGN', 0, { unit: 'P1', responder: 'R1' }, 'system'), fact('BREACH', 3, { timer: 'ACK' }, 'system'),
    fact('EXPIRE', 3, { unit: 'P1', responder: 'R1' }, 'system'), fact('ASSIGN', 3, { unit: 'P1', responder: 'R2' }, 'system'),
    fact('ACKNOWLEDGE', 5, { responder: 'R2' }),
  ];
  expect(words(view([limit('ACK', 0, 3, 3)], [told]), facts)).toEqual([
    'P1 R1 应在 14:03:00 前完成(限 03:00),到时没有完成。 超时后已通知:所领导 · P1 · R9 14:03:00。'
    + ' 无人签收,14:03:00 收回并改派 P1 R2。 R2 于 14:05:00 签收。',
  ]);
});

test('what came too late is given out by the assignment, not by the opening of the same moment', () => {
  const late = { ...limit('ASSIGN', 0, 1, 9), breached_at: at(9) };
  const facts = [fact('OPEN', 9, {}, 'system'), fact('ASSIGN', 9, { unit: 'P1', responder: 'R1' }, 'system')];
  const seen = { ...view([late]), stamps: { received_at: at(9) } } as unknown as View;
  expect(words(seen, facts)[0]).toBe('预警送达时,这一时限(14:01:00 前,限 01:00)已过。 14:09:00 系统 才办理:分派,迟 08:00。');
});

test('a late act and one that is still missing say by how much', () => {
  const facts = [fact('ASSIGN', 0, { unit: 'P1', responder: 'R2' }, 'system'), fact('ACKNOWLEDGE', 1, { responder: 'R2' }), fact('ATTEMPT', 6)];
  const [attempt, contact] = words(view([limit('CONTACT', 6, 26, null), limit('FIRST_ATTEMPT', 1, 4, 6), limit('LEASE', 1, 7, 7)]), facts);
  expect(attempt).toContain('14:06:00 R2 才办理:联系尝试,迟 02:00。');
  expect(contact).toContain('至今没有完成,已超时 14:00。');
});
