import { describeContainers } from '../conformance/compare-containers.ts';
import { lackingPrivileges } from '../support/engine-20.ts';

describeContainers('20', { without: lackingPrivileges() === undefined ? [] : ['privileged'] });
